from __future__ import annotations

import hashlib

from netcafe_face.trainer.data.split import SPLIT_SENTENCE, is_held_out


def test_the_split_is_the_one_that_was_fixed_before_the_first_training() -> None:
    for name in ("George_W_Bush", "Hugo_Chavez", "Nguyễn_Văn_An", "image_0001.webp", ""):
        digest = hashlib.sha256(f"netcafe-dev-{name}".encode()).hexdigest()
        assert is_held_out(name) == (int(digest, 16) % 5 == 0), name


def test_who_is_held_out_never_changes() -> None:
    people = ["Colin_Powell", "Tony_Blair", "Ariel_Sharon", "Jean_Chretien", "Serena_Williams"]
    people += ["Vladimir_Putin", "George_W_Bush", "Gerhard_Schroeder", "Nguyễn_Văn_An"]
    assert [name for name in people if is_held_out(name)] == ["Serena_Williams", "Vladimir_Putin"]


def test_a_fifth_of_all_people_is_held_out() -> None:
    held = sum(is_held_out(f"person {number}") for number in range(5000))
    assert 900 < held < 1100


def test_every_record_can_say_which_split_it_was() -> None:
    assert "netcafe-dev-" in SPLIT_SENTENCE
    assert "divisible by 5" in SPLIT_SENTENCE
