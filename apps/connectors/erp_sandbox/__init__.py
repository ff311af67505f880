"""The sandbox ERP: the second vendor, over REST or SOAP."""
