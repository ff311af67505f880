"""The sandbox ERP: stock, sales orders, deliveries, invoices, purchase requests; REST and SOAP over the same core."""
