"""What can be done to a customer from the window: enrol, edit, ban, withdraw, delete."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.people import Customer
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.dialogs import AskDialog, Question
from netcafe_face.gui.enrol_dialog import EnrolDialog, EnrolStart
from netcafe_face.gui.message_bar import Tone
from netcafe_face.gui.operator import operator_name
from netcafe_face.gui.person_dialog import PersonDialog
from netcafe_face.gui.widgets import Kind
from netcafe_face.i18n import _


class CustomerActions(QObject):
    """Opens the dialogs and does what they say, off the GUI thread.

    Signals:
        changed: (Tone, text as a function, whether the live picture is the place to go next).
    """

    changed = pyqtSignal(object, object, bool)

    def __init__(self, context: GuiContext, window: QWidget) -> None:
        super().__init__(window)
        self._context, self._window = context, window

    def enrol(self) -> None:
        """Open an empty enrolment."""
        self._open_enrolment(EnrolStart())

    def ask(self, action: str, customer: Customer) -> None:
        """Begin one of the actions that a `CustomerCard` offers."""
        {
            "edit": self._edit,
            "pictures": lambda one: self._open_enrolment(EnrolStart(customer=one)),
            "ban": self._ban,
            "unban": self._unban,
            "withdraw": self._withdraw,
            "delete": self._delete,
        }[action](customer)

    def _open_enrolment(self, start: EnrolStart) -> None:
        dialog = EnrolDialog(self._context, start, self._window)
        dialog.enrolled.connect(self._enrolled)
        dialog.open()

    def _enrolled(self, customer: Customer) -> None:
        self._tell(lambda: enrolled_text(customer), leads_to_live=True)

    def _edit(self, customer: Customer) -> None:
        dialog = PersonDialog(self._context, customer, self._window)
        dialog.saved.connect(lambda after: self._tell(lambda: _("{name} was saved.").format(name=after.name)))
        dialog.open()

    def _ban(self, customer: Customer) -> None:
        question = Question(
            title=lambda: _("Ban {name}?").format(name=customer.name),
            text=lambda: _(
                "When this face is seen, it is shown as banned. Always look yourself before you act."
            ),
            action=lambda: _("&Ban"),
            field=lambda: _("&Reason"),
        )
        gallery, operator = self._context.cafe.gallery, operator_name(self._context.cafe)
        self._ask(
            question,
            lambda reason: gallery.ban(customer.code, reason, operator),
            lambda: _("{name} is banned.").format(name=customer.name),
        )

    def _unban(self, customer: Customer) -> None:
        question = Question(
            title=lambda: _("Lift the ban on {name}?").format(name=customer.name),
            text=lambda: _("This customer is then served as before."),
            action=lambda: _("&Lift the ban"),
            kind=Kind.PRIMARY,
        )
        gallery, operator = self._context.cafe.gallery, operator_name(self._context.cafe)
        self._ask(
            question,
            lambda _typed: gallery.unban(customer.code, operator),
            lambda: _("{name} is no longer banned.").format(name=customer.name),
        )

    def _withdraw(self, customer: Customer) -> None:
        question = Question(
            title=lambda: _("Withdraw the consent of {name}?").format(name=customer.name),
            text=lambda: _("This cannot be undone. It happens at once:"),
            points=lambda: (
                _("every stored face and picture is erased"),
                _("this person is a stranger from the next frame on"),
                _("name and code stay"),
            ),
            action=lambda: _("&Withdraw"),
        )
        gallery = self._context.cafe.gallery
        self._ask(
            question,
            lambda _typed: gallery.withdraw_consent(customer.code),
            lambda: _("The consent of {name} is withdrawn; the faces are erased.").format(name=customer.name),
        )

    def _delete(self, customer: Customer) -> None:
        question = Question(
            title=lambda: _("Delete {name} ({code})?").format(name=customer.name, code=customer.code),
            text=lambda: _("This cannot be undone. It is erased at once:"),
            points=lambda: (
                _("every stored face, picture and photo"),
                _("name, code, birth date, phone and note"),
                _("the name in past visits; their times stay, without a person"),
            ),
            action=lambda: _("&Delete"),
        )
        gallery = self._context.cafe.gallery
        self._ask(
            question,
            lambda _typed: gallery.delete(customer.code),
            lambda: _("The customer {code} was deleted.").format(code=customer.code),
        )

    def _ask(self, question: Question, act: Callable[[str], object], text: Callable[[], str]) -> None:
        dialog = AskDialog(self._window, question)
        dialog.agreed.connect(lambda typed: self._do(lambda: act(typed), text))
        dialog.open()

    def _do(self, act: Callable[[], object], text: Callable[[], str]) -> None:
        self._context.workers.start(
            lambda _job: act(), lambda _result: self._tell(text), self._fail, owner=self, must_finish=True
        )

    def _fail(self, error: NetcafeError) -> None:
        self.changed.emit(Tone.BAD, lambda: error.explain(_), False)

    def _tell(self, text: Callable[[], str], leads_to_live: bool = False) -> None:
        self.changed.emit(Tone.GOOD, text, leads_to_live)


def enrolled_text(customer: Customer) -> str:
    """Return what is said after an enrolment."""
    return _("{name} is enrolled. Step in front of the camera: the name appears beside the face.").format(
        name=customer.name
    )
