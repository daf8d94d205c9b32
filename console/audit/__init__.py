"""``borderlands audit``: does everything that stands on the topics have its counterpart at the other end?

Sets of ids are compared in both directions, so that a record missing at either end is a hole.
"""

from console.audit.balance import GRACE, balance
from console.audit.books import Books
from console.audit.hole import Hole
from console.audit.read import gather, read_books

__all__ = ["GRACE", "Books", "Hole", "balance", "gather", "read_books"]
