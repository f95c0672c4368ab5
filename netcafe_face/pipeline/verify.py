"""Verify: are these two pictures of the same person?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from netcafe_face.domain.errors import InputError
from netcafe_face.domain.faces import FloatArray, Image, QualityFlaw, QualityReport
from netcafe_face.domain.matching import (
    Decision,
    DecisionRule,
    angle_degrees,
)
from netcafe_face.pipeline.media import read_picture
from netcafe_face.pipeline.pairs import Pair
from netcafe_face.pipeline.single import single_face

if TYPE_CHECKING:
    from netcafe_face.pipeline.recognizer import Recognizer

REMEMBERED_PICTURES = 512
"""Pictures whose face is kept while pairs are compared: about 20 MB."""

UNTRUSTED_FLAWS = frozenset({QualityFlaw.TOO_SMALL, QualityFlaw.BLURRED})
"""Flaws that make strangers look alike to a network, so that “same person” is never said over them."""


class FaceChoice(Enum):
    """What to do with a picture that shows several faces."""

    ONLY = "only"
    LARGEST = "largest"


@dataclass(frozen=True, eq=False)
class ComparedFace:
    """The face of one picture.

    Attributes:
        crop_bgr: uint8 (112, 112, 3), aligned.
        embedding: float32 (d,), unit length.
        faces_found: how many faces the picture shows.
    """

    path: Path
    crop_bgr: Image
    embedding: FloatArray
    quality: QualityReport
    faces_found: int


@dataclass(frozen=True, eq=False)
class Verification:
    """The answer about two pictures.

    Attributes:
        decision: `KNOWN` for the same person, `UNKNOWN` for different people, or `UNDECIDED`.
        similarity: cosine, −1 to 1.
        rule: `threshold` for the same person, `doubt_from` under which they are different people.
        held_back: the similarity said “same person”, but a face is too poor to rest that on.
    """

    decision: Decision
    similarity: float
    rule: DecisionRule
    first: ComparedFace
    second: ComparedFace
    held_back: bool = False

    @property
    def angle_degrees(self) -> float:
        """Return the angle θ between the two embeddings, in degrees."""
        return angle_degrees(self.similarity)


@dataclass(frozen=True, eq=False)
class PairVerified:
    """One pair of a list: its answer, or why there is none."""

    pair: Pair
    verification: Verification | None
    error: InputError | None


class Verifier:
    """Compares pictures two by two and remembers the faces of the last ones.

    Args:
        recognizer: finds and embeds the faces.
        choice: what to do with a picture that shows several faces.
    """

    def __init__(self, recognizer: Recognizer, choice: FaceChoice = FaceChoice.ONLY) -> None:
        self._recognizer = recognizer
        self._rule = recognizer.verification_rule()
        self._choice = choice
        self._remembered: OrderedDict[tuple[str, int, int], ComparedFace | InputError] = OrderedDict()

    @property
    def rule(self) -> DecisionRule:
        """Return the pairwise rule in force."""
        return self._rule

    def verify(self, first: Path, second: Path) -> Verification:
        """Compare two pictures.

        Raises:
            ImageUnreadable, ImageTooLarge: a picture cannot be used.
            NoFaceFound: a picture shows no face.
            SeveralFaces: a picture shows several of about one size, and the choice is `ONLY`.
            DegenerateLandmarks: a face was found but cannot be aligned.
        """
        return self.compare(self.face(first), self.face(second))

    def verify_pairs(self, pairs: Iterator[Pair]) -> Iterator[PairVerified]:
        """Compare pairs one by one, in their order; a picture that cannot be used does not stop the rest.

        A picture that comes again among the last `REMEMBERED_PICTURES` is not read or embedded again.
        """
        for pair in pairs:
            try:
                yield PairVerified(pair, self.verify(pair.first, pair.second), None)
            except InputError as error:
                yield PairVerified(pair, None, error)

    def compare(self, first: ComparedFace, second: ComparedFace) -> Verification:
        """Decide about two faces from their embeddings and quality."""
        similarity = min(1.0, max(-1.0, float(first.embedding @ second.embedding)))
        rule = self._rule
        if similarity < rule.doubt_from:
            decision = Decision.UNKNOWN
        else:
            decision = Decision.KNOWN if similarity >= rule.threshold else Decision.UNDECIDED
        poor = bool((first.quality.flaws | second.quality.flaws) & UNTRUSTED_FLAWS)
        held_back = decision is Decision.KNOWN and poor
        if held_back:
            decision = Decision.UNDECIDED
        return Verification(decision, similarity, rule, first, second, held_back)

    def face(self, path: Path) -> ComparedFace:
        """Return the face of a picture, from memory where the file has not changed; raises like `verify`."""
        key = _key(path)
        found = self._remembered.pop(key, None) if key is not None else None
        if found is None:
            found = self._look(path)
        if key is not None:
            self._remembered[key] = found
            if len(self._remembered) > REMEMBERED_PICTURES:
                self._remembered.popitem(last=False)
        if isinstance(found, InputError):
            # Without the traces of earlier calls, which would grow with every pair.
            raise found.with_traceback(None)
        return found

    def _look(self, path: Path) -> ComparedFace | InputError:
        try:
            faces = self._recognizer.analyse(read_picture(path))
            chosen = single_face(faces, str(path), largest=self._choice is FaceChoice.LARGEST)
        except InputError as error:
            # Without its traceback, which would keep the whole picture alive.
            return error.with_traceback(None)
        assert chosen.crop_bgr is not None
        assert chosen.embedding is not None
        return ComparedFace(path, chosen.crop_bgr, chosen.embedding, chosen.quality, len(faces))


def _key(path: Path) -> tuple[str, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return str(path.absolute()), facts.st_mtime_ns, facts.st_size
