"""Are the citations right? Each claim against the passage that it cites: mechanically, then, if wanted, by a model.

verified = verify(report, registered(events))          # no model, no network
for question in undecided(verified, known): ...        # what a model may be asked
verified = settle(verified, answers, known)            # its answers, used only with evidence that is there
"""

from .checking import verify
from .faults import Fault
from .settling import ModelVerdict, Open, settle, undecided
from .support import Support, support

__all__ = ["Fault", "ModelVerdict", "Open", "Support", "settle", "support", "undecided", "verify"]
