-- Row-level security. Statements run as `app`, which sees the rows of the tenant that the transaction names, or as
-- `worker`, which reads every tenant's and changes next to nothing. Neither may log in: who connects takes the role on.

-- Roles belong to the cluster: another database's migration may have made them, or be making them now.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['app', 'worker'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = name AND (rolsuper OR rolbypassrls)) THEN
      RAISE EXCEPTION 'The role % is exempt from row-level security: it must be neither SUPERUSER nor BYPASSRLS', name;
    END IF;
    -- To be taken on, not inherited: else the owner would see all that `worker` sees without asking.
    IF NOT pg_has_role(current_user, name, 'SET') THEN
      BEGIN
        EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT FALSE, SET TRUE', name);
      EXCEPTION
        WHEN unique_violation THEN
          NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'The role % is there already and % may not take it on', name, current_user
            USING HINT = format('As an administrator: GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', name, current_user);
      END;
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO app, worker;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
--> statement-breakpoint
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
--> statement-breakpoint
GRANT SELECT ON ALL TABLES IN SCHEMA public TO worker;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO worker;
--> statement-breakpoint
-- The log is only added to, and the epoch is the operator's.
REVOKE UPDATE, DELETE ON audit_logs FROM app;
--> statement-breakpoint
REVOKE INSERT, UPDATE, DELETE ON database_epoch FROM app;
--> statement-breakpoint
-- Maintenance forgets old results of all tenants.
GRANT DELETE ON push_results TO worker;
--> statement-breakpoint
-- Nodes that start ask whether the database is migrated. Absent where the tables did not come from migrations.
DO $$
BEGIN
  IF to_regclass('drizzle.__drizzle_migrations') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA drizzle TO app;
    GRANT SELECT ON drizzle.__drizzle_migrations TO app;
  END IF;
END $$;
--> statement-breakpoint
-- Called again by each migration that adds a table of a tenant. Forced, so that it holds for the owner too.
-- The tenant's name is compared as it is, without a subquery: so it can be looked up in an index.
CREATE FUNCTION protect_tenant_tables() RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
  target record;
BEGIN
  FOR target IN
    SELECT c.relname AS name, a.attname AS key
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (a.attname = 'tenant_id' OR c.relname = 'tenants' AND a.attname = 'id')
      AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    ORDER BY c.relname
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target.name);
    EXECUTE format(
      'CREATE POLICY own_tenant ON %I TO app USING (%I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
      target.name, target.key);
    EXECUTE format('CREATE POLICY every_tenant ON %I TO worker USING (true)', target.name);
  END LOOP;
END $$;
--> statement-breakpoint
SELECT protect_tenant_tables();
