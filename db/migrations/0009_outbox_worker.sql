-- The outbox: protected like every table of a tenant. The worker takes what is due, whichever tenant's it is.
SELECT protect_tenant_tables();
--> statement-breakpoint
GRANT UPDATE ON deliveries TO worker;
