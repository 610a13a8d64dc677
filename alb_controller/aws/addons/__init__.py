"""The services beside Elastic Load Balancing: WAFv2, WAF Classic and Shield Advanced."""
