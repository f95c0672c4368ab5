"""What can go wrong in the trainer, below the program's one root of errors."""

from __future__ import annotations

from netcafe_face.domain.errors import N_, NetcafeError


class TrainerError(NetcafeError):
    """Root of the trainer's errors."""


class DataUnusable(TrainerError):
    """Pictures, crops or a verification set cannot be used. Details: path, reason."""

    what = N_("The data {path} cannot be used: {reason}.")
    exit_code = 4


class RunUnusable(TrainerError):
    """A folder of a training run cannot be read, continued or written. Details: path, reason."""

    what = N_("The training run {path} cannot be used: {reason}.")
    exit_code = 4


class Diverged(RunUnusable):
    """The loss of a run is no longer a number. Details: path, reason."""

    remedy = N_("Take a lower learning rate.")


class OptionsRefused(TrainerError):
    """Options contradict each other or the data. Details: reason."""

    what = N_("These options cannot be used: {reason}.")
    exit_code = 2


class TeacherUnusable(TrainerError):
    """A teacher network cannot be loaded or does not do what was said of it. Details: path, reason."""

    what = N_("The teacher {path} cannot be used: {reason}.")
    remedy = N_("Check the file, and which input it was said to expect.")
    exit_code = 4


class LeakageFound(TrainerError):
    """People of the test were seen in training. Details: count, names."""

    what = N_("{count} people are in the training and in the test: {names}.")
    means = N_("Figures of such a test would be too good.")
    remedy = N_("Leave them out, or allow them by name.")
    exit_code = 4


class ExportFailed(TrainerError):
    """A network was not exported, because the copy does not do what the original does. Details: reason."""

    what = N_("The network was not exported: {reason}.")
    means = N_("Nothing was written.")


class PackageMissing(TrainerError):
    """A package that only training needs is not installed. Details: package."""

    what = N_("The package {package} is not installed, and training needs it.")
    remedy = N_(
        "Start the trainer with “python3 main.py train …”, which installs requirements-train.txt, or install "
        "that file yourself."
    )
    exit_code = 11


class NetworkUnusable(TrainerError):
    """A network that was to be evaluated cannot be run or gives no embeddings. Details: path, reason."""

    what = N_("The network {path} cannot be evaluated: {reason}.")
    remedy = N_("Check the file, and say with --input what it expects.")
    exit_code = 4
