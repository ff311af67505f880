"""The indicators of ERP, CRM and OA. Importing registers them."""

from apps.insight.kpis import crm, erp, oa  # noqa: F401 - they register themselves
