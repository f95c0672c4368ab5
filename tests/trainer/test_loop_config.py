from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from netcafe_face.trainer.cli.common import config_options
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.loop.config import TrainConfig


def test_the_choices_of_a_run_are_kept_and_read_again() -> None:
    config = TrainConfig(teachers=("imagenet:a.onnx", "arcface:b.onnx"), mixtures=5, learning_rate=0.1)
    assert TrainConfig.from_json(json.loads(str(config))) == config


def test_a_choice_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(OptionsRefused, match="unknown: shape"):
        TrainConfig.from_json({"shape": 3})


def test_two_runs_differ_in_what_differs() -> None:
    assert TrainConfig().differences(TrainConfig(seed=3, batch=16)) == ["batch", "seed"]
    assert TrainConfig().differences(TrainConfig()) == []


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"optimiser": "adam"}, "sgd, adamw"),
        ({"schedule": "linear"}, "warmup-stable-decay"),
        ({"augment": "snow"}, "cafe"),
        ({"steps": 0}, "at least 1"),
        ({"batch": 1}, "needs two"),
        ({"dim": -3}, "at least 1"),
        ({"people_per_batch": 0}, "at least 1"),
        ({"warmup": -1}, "0 or more"),
        ({"learning_rate": -0.1}, "0 or more"),
        ({"learning_rate": float("nan")}, "0 or more"),
        ({"clip": float("inf")}, "0 or more"),
        ({"workers": -1}, "0 or more"),
        ({"seed": -1}, "0 or more"),
        ({"ema": 1.5}, "0 to 1"),
        ({"decay_from": float("nan")}, "0 to 1"),
        ({"class_sample": 0.0}, "more than 0"),
        ({"class_sample": 0.5, "optimiser": "adamw"}, "sgd"),
        ({"loss": "none"}, "teacher"),
        ({"mixtures": 10}, "teacher"),
    ],
)
def test_choices_that_make_no_sense_are_refused_with_the_reason(choice: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionsRefused, match=told):
        TrainConfig(**choice)


def test_every_choice_can_be_typed_and_says_what_it_means() -> None:
    import click

    @click.command()
    @config_options
    def command(**choices: object) -> None: ...

    told = command.get_help(click.Context(command, max_content_width=200))
    typed = {parameter.name for parameter in command.params}
    assert typed == {field.name for field in fields(TrainConfig)}
    assert all(isinstance(option, click.Option) and option.help for option in command.params)
    assert "--no-compiled" in told
    assert "--teacher INPUT:FILE" in told
    assert "[constant|cosine|step|warmup-stable-decay]" in told
    assert {option.default for option in command.params if option.name == "batch"} == {TrainConfig().batch}
