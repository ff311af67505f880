"""OA's own documents: contracts of the sales loop, customer visits."""

from apps.business.models.loops import ContractTemplate, SalesLoop
from apps.business.models.visits import CustomerVisit

__all__ = ["ContractTemplate", "CustomerVisit", "SalesLoop"]
