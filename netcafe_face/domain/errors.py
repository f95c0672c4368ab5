"""The tree of errors a person may meet, under one root.

A message has up to three parts: what happened, what it means for the café, what to do next. The texts are
English message ids; the edge that shows them passes its translator to `explain`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar


def N_(text: str) -> str:  # noqa: N802 - gettext's conventional name for "mark, do not translate yet"
    """Mark a text for translation without translating it."""
    return text


_WORDED = frozenset({"reason", "field", "source", "path"})
"""Details that may be texts of this program; names and values are what people typed."""


SYSTEM_REASONS = (
    N_("No such file or directory"),
    N_("Not a directory"),
    N_("Is a directory"),
    N_("File exists"),
    N_("File name too long"),
    N_("Permission denied"),
    N_("Operation not permitted"),
    N_("Read-only file system"),
    N_("No space left on device"),
    N_("Input/output error"),
    N_("Connection refused"),
)
"""What the operating system says of a file, in its own words, which come as a `reason`."""


class NetcafeError(Exception):
    """Root of every error this program raises on purpose.

    Args:
        **details: values for the placeholders in the texts, such as `path`.
    """

    what: ClassVar[str] = N_("Something went wrong.")
    means: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1
    personal: ClassVar[frozenset[str]] = frozenset()
    """Details that say something about a person: shown to staff, never written to a log."""

    def __init__(self, **details: object) -> None:
        super().__init__()
        self.details = details

    def explain(self, translate: Callable[[str], str] = str) -> str:
        """Compose the message for a person, in the language of `translate`."""
        words = {
            name: translate(value) if name in _WORDED and isinstance(value, str) and value else value
            for name, value in self.details.items()
        }
        return self._compose(translate, words)

    def __str__(self) -> str:
        """Compose the message for the log: without what is personal."""
        words = {name: "…" if name in self.personal else value for name, value in self.details.items()}
        return self._compose(str, words)

    def _compose(self, translate: Callable[[str], str], words: Mapping[str, object]) -> str:
        parts = (self.what, self.means, self.remedy)
        return " ".join(translate(part).format(**words) for part in parts if part)


class InputError(NetcafeError):
    """A picture, video or value given by a person cannot be used."""

    exit_code = 4


class ImageUnreadable(InputError):
    """A file is missing, empty, truncated or not a picture. Details: path, reason."""

    what = N_("The picture {path} cannot be read ({reason}).")
    remedy = N_("Open it in a picture viewer to check it, or choose another picture.")


class ImageTooLarge(InputError):
    """A picture has more pixels than can be decoded safely. Details: path, width, height, limit_mp."""

    what = N_("The picture {path} is too large: {width}×{height} pixels.")
    remedy = N_("Make it smaller than {limit_mp} megapixels and try again.")


class VideoUnreadable(InputError):
    """A video file is missing, empty, damaged or of an unknown kind. Details: path, reason."""

    what = N_("The video {path} cannot be read ({reason}).")
    remedy = N_("Open it in a video player to check it, or choose another video.")


class NoPictures(InputError):
    """A folder holds no picture that can be read. Details: path."""

    what = N_("There is no picture that can be read in {path}.")
    remedy = N_("Choose a folder with JPEG, PNG or WebP pictures.")


class NoFaceFound(InputError):
    """No face was found where one is needed. Details: path."""

    what = N_("No face was found in {path}.")
    remedy = N_("Use a picture where the face is visible, lit from the front and at least 40 pixels wide.")


class SeveralFaces(InputError):
    """More than one face was found where exactly one is needed. Details: path, count."""

    what = N_("{count} faces were found in {path}, and one is needed.")
    remedy = N_("Cut the picture so that only this person is in it.")


class FaceTooPoor(InputError):
    """A face is not good enough to be stored. Details: path, reason."""

    what = N_("The face in {path} is not good enough: {reason}.")
    means = N_("A poor picture makes the program confuse people.")
    remedy = N_("Take another picture: closer, sharp, looking at the camera.")


class DegenerateLandmarks(InputError):
    """Five landmarks do not span a face, so nothing can be aligned to them. Details: reason."""

    what = N_("The eyes, nose and mouth of a face could not be placed ({reason}).")
    remedy = N_("Use another picture of this face.")


class PicturesDisagree(InputError):
    """The pictures offered for one customer show different people. Details: path (the odd one)."""

    what = N_("The face in {path} does not look like the person in the other pictures.")
    means = N_("Nothing was stored, so that two people are not mixed up under one name.")
    remedy = N_("Take that picture away, or take a new one.")


class PackChanged(InputError):
    """Pictures were judged with another model pack than the one in use. No details."""

    what = N_("The model pack was changed while pictures were being taken.")
    means = N_("Nothing was stored, because faces seen by different packs cannot be compared.")
    remedy = N_("Take the pictures again.")


class AlreadyEnrolled(InputError):
    """A face offered for enrolment looks like another customer's. Details: code, name, similarity."""

    personal = frozenset({"code", "name"})
    what = N_("This face looks like {name} ({code}), who is already enrolled (similarity {similarity}).")
    means = N_("Nothing was stored, so that one person does not get two names.")
    remedy = N_("Add the pictures to that customer, or confirm that this is somebody else.")


class ValueRefused(InputError):
    """A value typed by a person is not acceptable. Details: field, value, reason."""

    personal = frozenset({"value"})
    what = N_("{field} cannot be “{value}”: {reason}.")


class ModelError(NetcafeError):
    """A model pack cannot be used, fetched or stored."""

    exit_code = 5


class PackNotFound(ModelError):
    """No pack of this name is installed. Details: name."""

    what = N_("There is no model pack called “{name}”.")
    remedy = N_("See what is installed with “models list”, or install it with “models install {name}”.")


class CardInvalid(ModelError):
    """A pack.toml is missing, unreadable or incomplete. Details: path, reason."""

    what = N_("The card {path} of a model pack is not usable: {reason}.")
    means = N_("The pack is not used.")
    remedy = N_("Install the pack again, or choose another one with “models use”.")


class PackFileMissing(ModelError):
    """A file named by a card is not there. Details: path, name."""

    what = N_("The file {path} of the model pack “{name}” is missing.")
    remedy = N_("Install the pack again, or choose another one with “models use”.")


class PackFileChanged(ModelError):
    """A file's SHA-256 is not what the card says. Details: path, name, expected, actual."""

    what = N_("The file {path} of the model pack “{name}” is not the one its card describes.")
    means = N_("It was damaged or replaced, so it is not loaded (SHA-256 {actual}, expected {expected}).")
    remedy = N_("Install the pack again, or choose another one with “models use”.")


class ModelUnusable(ModelError):
    """A network with the right hash cannot be loaded or gives unexpected shapes. Details: path, reason."""

    what = N_("The network {path} cannot be used: {reason}.")
    remedy = N_("Install the pack again, or choose another one with “models use”.")


class PackShipped(ModelError):
    """A pack that came with the program was to be removed. Details: name."""

    what = N_("The model pack “{name}” came with the program and cannot be removed.")
    remedy = N_("To use another one, choose it with “models use”.")


class PackInUse(ModelError):
    """The pack in use was to be removed. Details: name."""

    what = N_("The model pack “{name}” is in use and was not removed.")
    remedy = N_("Choose another pack with “models use” first.")


class PacksBusy(ModelError):
    """Another process is changing the packs. Details: path."""

    what = N_("Another program is installing or removing a model pack in {path}.")
    means = N_("Nothing was changed.")
    remedy = N_("Wait until it has finished and try again.")


class PackUnknown(ModelError):
    """The catalogue has no pack of this name. Details: name, known."""

    what = N_("The catalogue has no model pack called “{name}”.")
    remedy = N_("It has: {known}. A pack of your own is installed with “models import”.")


class LicenceNotAccepted(ModelError):
    """A pack was to be installed without its licence being accepted. Details: name, licence."""

    what = N_("The licence of the model pack “{name}” ({licence}) was not accepted.")
    means = N_("Nothing was installed.")
    remedy = N_("Read it with “models info {name}”; to accept it, answer “yes” or add --accept-licence.")


class DownloadFailed(ModelError):
    """A file could not be fetched. Details: name (file), url, reason, files (how to do it by hand)."""

    what = N_("{name} could not be downloaded ({reason}).")
    means = N_("No model pack was installed or changed.")
    remedy = N_(
        "Try again: what has arrived is kept and continued. Without internet, fetch these files on another "
        "computer and run “models import” with their paths: {files}"
    )


class DownloadStalled(DownloadFailed):
    """A server stopped sending, or sends too slowly. Details: as for DownloadFailed."""

    what = N_("The download of {name} came to a standstill ({reason}).")


class WrongFile(ModelError):
    """A fetched or given file is not the one expected. Details: name, expected, actual, files."""

    what = N_("{name} is not the expected file (SHA-256 {actual}, expected {expected}).")
    means = N_("It was not installed: it is damaged, replaced, or another version.")
    remedy = N_("Fetch it again from its own address, or run “models import” with the right file: {files}")


class HashUnknown(ModelError):
    """A file with no published SHA-256 was not accepted. Details: name (file), pack, actual."""

    what = N_("Nobody has published a SHA-256 for {name}, so the program cannot tell whether it is genuine.")
    means = N_("Nothing was installed. The file that arrived has the SHA-256 {actual}.")
    remedy = N_(
        "Compare it with a source you trust; to accept exactly this file, add --accept-hash {actual}."
    )


class PinsUnreadable(ModelError):
    """The file of accepted SHA-256 is damaged. Details: path, reason."""

    what = N_("The file {path}, which remembers the SHA-256 that were accepted, cannot be read ({reason}).")
    means = N_("No model pack is installed, since an exchanged file would not be noticed.")
    remedy = N_("Put it right, or delete it to be asked again about the files it remembers.")


class NoRoomForPack(ModelError):
    """There is too little free space for a pack. Details: path, needed_mb, free_mb."""

    what = N_("The disk that holds {path} has {free_mb} MB free, and {needed_mb} MB are needed.")
    means = N_("No model pack was installed or changed.")
    remedy = N_("Free some space and try again.")


class ArchiveRefused(ModelError):
    """A zip file is damaged, dangerous or not what is expected. Details: path, reason."""

    what = N_("The archive {path} was not unpacked: {reason}.")
    means = N_("No model pack was installed or changed.")
    remedy = N_("Fetch it again from its own address.")


class FilesNotRecognised(ModelError):
    """Files to be imported belong to no known pack. Details: path, reason."""

    what = N_("{path} cannot be imported: {reason}.")
    remedy = N_(
        "Give a pack's folder (with its pack.toml), a zip of one, or the files named by “models info NAME”."
    )


class FilesIncomplete(ModelError):
    """Some of a pack's files were not given. Details: name, missing, files."""

    what = N_("The model pack “{name}” also needs {missing}.")
    means = N_("Nothing was installed.")
    remedy = N_("Give all its files at once to “models import”: {files}")


class RecognitionFailed(ModelError):
    """One picture could not be searched for faces. Details: reason."""

    what = N_("A picture could not be searched for faces ({reason}).")
    means = N_("The program goes on with the next picture.")
    remedy = N_("If this stays, run “doctor”.")


class GalleryError(NetcafeError):
    """The database cannot do what was asked."""

    exit_code = 6


class GalleryUnavailable(GalleryError):
    """The database file cannot be opened, read or written. Details: path, reason."""

    what = N_("The customer database {path} cannot be used ({reason}).")
    means = N_("Nothing was changed.")
    remedy = N_("Check the disk and the folder's permissions, then run “doctor”.")


class GalleryDamaged(GalleryError):
    """The database fails its integrity check or is not a database. Details: path, reason."""

    what = N_("The customer database {path} is damaged ({reason}).")
    means = N_("Nobody can be recognised until it is repaired.")
    remedy = N_(
        "Do not delete it. Copy the newest file from the “backups” folder beside it in its place, if there "
        "is one; otherwise put your own copy of the data folder back."
    )


class GalleryTooNew(GalleryError):
    """The database was written by a newer version of the program. Details: path."""

    what = N_("The customer database {path} was made by a newer version of this program.")
    means = N_("This version does not open it, so that nothing in it is lost.")
    remedy = N_("Install the newer version again.")


class GalleryBusy(GalleryError):
    """Another process holds the database for too long. Details: path."""

    what = N_("The customer database is being used by another program.")
    means = N_("Nothing was changed.")
    remedy = N_("Close the other program and try again.")


class DiskFull(GalleryError):
    """There is no room to write. Details: path."""

    what = N_("The disk that holds {path} is full.")
    means = N_("The last change was not saved; everything before it is safe.")
    remedy = N_("Free some space and try again.")


class CustomerNotFound(GalleryError):
    """No customer has this code. Details: code."""

    personal = frozenset({"code"})
    what = N_("There is no customer with the code “{code}”.")
    remedy = N_("See the codes in use with “customers list”.")


class CustomerExists(GalleryError):
    """The code is already another customer's. Details: code."""

    personal = frozenset({"code"})
    what = N_("The code “{code}” already belongs to another customer.")
    remedy = N_("Choose another code, or correct that customer instead.")


class ConsentMissing(GalleryError):
    """A template was to be stored without a recorded consent. Details: code."""

    personal = frozenset({"code"})
    what = N_("No consent is recorded for the customer “{code}”, so no face was stored.")
    means = N_("The law asks for explicit consent before a face is enrolled.")
    remedy = N_("Ask the customer, then record how the consent was given.")


class SampleMissing(InputError):
    """A picture that the sample café is made of is not installed. Details: path."""

    what = N_("The sample café cannot be built: the picture {path} is missing or unusable.")
    remedy = N_("Install the packages again: delete the folder .venv and start main.py.")


class CameraError(NetcafeError):
    """A camera, video or image folder gives no frames."""

    exit_code = 7


class SourceUnavailable(CameraError):
    """A source cannot be opened. Details: source, reason."""

    what = N_("{source} cannot be opened ({reason}).")
    remedy = N_("Check the cable, the address and that no other program uses the camera.")


class SourceStalled(CameraError):
    """A source stopped giving frames. Details: source, seconds."""

    what = N_("{source} has given no picture for {seconds} seconds.")
    means = N_("Nobody is recognised there until it comes back; the program keeps trying.")


class SourceFrozen(SourceStalled):
    """A camera repeats one picture, bit for bit. Details: source, seconds."""

    what = N_("{source} has shown exactly the same picture for {seconds} seconds.")


class OutputError(NetcafeError):
    """A file cannot be written. Details: path, reason."""

    exit_code = 8
    what = N_("The file {path} cannot be written ({reason}).")
    means = N_("What was there before is unchanged.")
    remedy = N_("Choose another place or free some space, then try again.")


class SettingsInvalid(NetcafeError):
    """The settings file cannot be used. Details: path, reason."""

    exit_code = 9
    what = N_("The settings file {path} cannot be used ({reason}).")
    remedy = N_("Correct it, or move it away to start from the defaults.")


class SetUpError(NetcafeError):
    """The program cannot be made ready to start on this machine."""

    exit_code = 11


class PackagesNotInstalled(SetUpError):
    """Installing the packages failed. Details: reason, remedy."""

    what = N_("The packages this program needs could not be installed ({reason}).")
    means = N_("It cannot start yet; nothing else on this computer was changed.")
    remedy = "{remedy}"


class EnsurepipMissing(SetUpError):
    """This Python cannot make virtual environments. Details: package."""

    what = N_("This Python was installed without the part that makes virtual environments.")
    remedy = N_("Install it, then start again: sudo apt-get install {package}")


class SystemLibrariesMissing(SetUpError):
    """Libraries of the operating system are missing. Details: libraries, command."""

    what = N_("This computer lacks libraries that the window and the cameras need: {libraries}.")
    remedy = N_("Install them, then start again: {command}")


class FolderUnusable(SetUpError):
    """A folder cannot be made or written to. Details: path, reason."""

    what = N_("The folder {path} cannot be used ({reason}).")
    remedy = N_("Correct its permissions, or choose another folder with --data.")


class AlreadyRunning(NetcafeError):
    """Another window is open on the same data folder. Details: path."""

    exit_code = 10
    what = N_("Netcafe Face is already open for {path}.")
    means = N_("Its window has been brought to the front.")


class Cancelled(NetcafeError):
    """A person stopped the work before its end."""

    exit_code = 130
    what = N_("Stopped.")
    means = N_("What was finished is kept.")


class Declined(Cancelled):
    """A person said no when asked."""

    means = N_("Nothing was changed.")
