-- The schema of the database, printed by `npm run docs` from db/schema and db/migrations. To change it, edit
-- db/schema and run `npm run migrate:generate`.

CREATE SEQUENCE "public"."server_replica_ids" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;
CREATE TABLE "audit_logs" (
	"tenant_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"group_seq" bigint NOT NULL,
	"action" text NOT NULL,
	"entity" text,
	"record_id" uuid,
	"user_id" uuid,
	"device_id" uuid,
	"summary" text NOT NULL,
	"detail" "bytea",
	"digest" "bytea" NOT NULL,
	CONSTRAINT "audit_logs_tenant_id_seq_pk" PRIMARY KEY("tenant_id","seq")
);

CREATE TABLE "conflict_logs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"entity" text NOT NULL,
	"record_id" uuid NOT NULL,
	"key" text NOT NULL,
	"fields" "bytea" NOT NULL,
	"field_names" text[] NOT NULL,
	"summary" text NOT NULL,
	"winner_id" text NOT NULL,
	"loser_id" text NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"resolved_by" uuid,
	"note" "bytea",
	"resolution_seq" bigint,
	CONSTRAINT "conflict_logs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conflict_logs_status" CHECK ("conflict_logs"."status" IN ('open', 'kept', 'restored'))
);

CREATE TABLE "database_epoch" (
	"is_only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"epoch" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "database_epoch_one_row" CHECK ("database_epoch"."is_only")
);

CREATE TABLE "deliveries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"invoice_id" uuid NOT NULL,
	"invoice_version" "bytea" NOT NULL,
	"invoice_seq" bigint NOT NULL,
	"channel" text NOT NULL,
	"recipient" "bytea" NOT NULL,
	"recipient_hash" "bytea" NOT NULL,
	"language" text NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"unknowns" integer DEFAULT 0 NOT NULL,
	"is_handed_over" boolean DEFAULT false NOT NULL,
	"next_at" timestamp (3) with time zone,
	"attempted_at" timestamp (3) with time zone,
	"provider_id" text,
	"last_error_code" text,
	"shown_state" text,
	"request_key" uuid,
	"created_by" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "deliveries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "deliveries_channel" CHECK ("deliveries"."channel" IN ('email', 'whatsapp', 'sms')),
	CONSTRAINT "deliveries_state" CHECK ("deliveries"."state" IN ('queued', 'sending', 'local', 'sent', 'delivered', 'read', 'failed', 'dead', 'unknown'))
);

CREATE TABLE "local_messages" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"message" "bytea" NOT NULL,
	"document" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "local_messages_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "devices" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"platform" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "devices_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "replicas" (
	"tenant_id" uuid NOT NULL,
	"client_id" bigint NOT NULL,
	"device_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "replicas_tenant_id_client_id_pk" PRIMARY KEY("tenant_id","client_id")
);

CREATE TABLE "attachments" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"owner_type" text,
	"owner_id" uuid,
	"kind" text,
	"file_name" "bytea",
	"mime_type" text,
	"size_bytes" integer,
	"sha256" text,
	"key" text,
	"status" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "attachments_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "clients" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text,
	"display_name" "bytea",
	"company_name" "bytea",
	"contact_name" "bytea",
	"email" "bytea",
	"email_hash" "bytea",
	"phone" "bytea",
	"phone_hash" "bytea",
	"whatsapp" "bytea",
	"whatsapp_hash" "bytea",
	"preferred_channel" text,
	"consent_whatsapp" jsonb,
	"consent_sms" jsonb,
	"consent_email" jsonb,
	"billing_address" "bytea",
	"service_address" "bytea",
	"tax_id" "bytea",
	"default_currency" text,
	"payment_terms_days" integer,
	"language" text,
	"tags" jsonb,
	"status" text,
	"notes" "bytea",
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "clients_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "employees" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"display_name" "bytea",
	"user_id" uuid,
	"email" "bytea",
	"email_hash" "bytea",
	"phone" "bytea",
	"phone_hash" "bytea",
	"job_title" text,
	"team_ids" jsonb,
	"skills" jsonb,
	"color" text,
	"employment_status" text,
	"working_hours" jsonb,
	"notes" "bytea",
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "employees_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "finance_entries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text,
	"number" text,
	"client_id" uuid,
	"employee_id" uuid,
	"task_id" uuid,
	"related_entry_id" uuid,
	"status" text,
	"currency" text,
	"amount_minor" bigint,
	"line_items" "bytea",
	"tax_mode" text,
	"subtotal_minor" bigint,
	"tax_minor" bigint,
	"total_minor" bigint,
	"issue_date" date,
	"due_date" date,
	"paid_at" timestamp (3) with time zone,
	"method" text,
	"category" text,
	"vendor" text,
	"public_notes" "bytea",
	"notes" "bytea",
	"deliveries" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "finance_entries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "service_types" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text,
	"code" text,
	"description" text,
	"default_duration_min" integer,
	"default_price_minor" bigint,
	"currency" text,
	"tax_rate_bps" integer,
	"color" text,
	"checklist_template" jsonb,
	"active" boolean,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "service_types_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "tasks" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"number" integer,
	"title" text,
	"client_id" uuid,
	"employee_id" uuid,
	"team_id" uuid,
	"service_type_id" uuid,
	"status" text,
	"priority" text,
	"schedule" jsonb,
	"due_at" timestamp (3) with time zone,
	"started_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	"address" "bytea",
	"checklist" jsonb,
	"price_minor" bigint,
	"currency" text,
	"tax_rate_bps" integer,
	"time_entries" jsonb,
	"recurrence" jsonb,
	"cancel_reason" text,
	"description" "bytea",
	"notes" "bytea",
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "tasks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "teams" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text,
	"color" text,
	"lead_employee_id" uuid,
	"description" text,
	"active" boolean,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by" uuid NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "teams_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);

CREATE TABLE "invitations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"employee_id" uuid,
	"code_hash" "bytea" NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"accepted_at" timestamp (3) with time zone,
	"accepted_by" uuid,
	"revoked_at" timestamp (3) with time zone,
	"clerk_invitation_id" text,
	CONSTRAINT "invitations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "invitations_role" CHECK ("invitations"."role" IN ('manager', 'employee'))
);

CREATE TABLE "memberships" (
	"tenant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"role" text NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"employee_id" uuid,
	"role_version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_tenant_id_user_id_pk" PRIMARY KEY("tenant_id","user_id"),
	CONSTRAINT "memberships_role" CHECK ("memberships"."role" IN ('manager', 'employee')),
	CONSTRAINT "memberships_status" CHECK ("memberships"."status" IN ('active', 'removed'))
);

CREATE TABLE "device_pulls" (
	"tenant_id" uuid NOT NULL,
	"device_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"since" bigint NOT NULL,
	CONSTRAINT "device_pulls_tenant_id_device_id_at_pk" PRIMARY KEY("tenant_id","device_id","at")
);

CREATE TABLE "push_results" (
	"tenant_id" uuid NOT NULL,
	"device_id" uuid NOT NULL,
	"change_id" uuid NOT NULL,
	"entity" text NOT NULL,
	"record_id" uuid NOT NULL,
	"seq" bigint,
	"result" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "push_results_tenant_id_device_id_change_id_pk" PRIMARY KEY("tenant_id","device_id","change_id")
);

CREATE TABLE "quarantined_changes" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"entity" text NOT NULL,
	"record_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"device_id" uuid NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"change" "bytea" NOT NULL,
	"arrived_at" timestamp (3) with time zone NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"decided_at" timestamp (3) with time zone,
	"decided_by" uuid,
	"decision_seq" bigint,
	CONSTRAINT "quarantined_changes_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "quarantined_changes_status" CHECK ("quarantined_changes"."status" IN ('open', 'applied', 'discarded'))
);

CREATE TABLE "record_access" (
	"tenant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"entity" text NOT NULL,
	"record_id" uuid NOT NULL,
	"granted" boolean NOT NULL,
	"seq" bigint NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "record_access_tenant_id_user_id_entity_record_id_pk" PRIMARY KEY("tenant_id","user_id","entity","record_id")
);

CREATE TABLE "records" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"seq" bigint,
	"updated_at" timestamp (3) with time zone,
	"version" integer DEFAULT 0 NOT NULL,
	"generation" integer DEFAULT 0 NOT NULL,
	"deleted" boolean DEFAULT false NOT NULL,
	"entity" text NOT NULL,
	"body" "bytea",
	"memory" "bytea",
	CONSTRAINT "records_tenant_id_entity_id_pk" PRIMARY KEY("tenant_id","entity","id")
);

CREATE TABLE "revoked_tokens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "revoked_tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"claim" text NOT NULL,
	"value" text NOT NULL,
	"revoked_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "series" (
	"tenant_id" uuid NOT NULL,
	"key" text NOT NULL,
	"next" bigint DEFAULT 1 NOT NULL,
	CONSTRAINT "series_tenant_id_key_pk" PRIMARY KEY("tenant_id","key")
);

CREATE TABLE "tenant_counters" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"access_version" bigint DEFAULT 0 NOT NULL,
	"scope_version" bigint DEFAULT 0 NOT NULL,
	"audit_head" "bytea" NOT NULL
);

CREATE TABLE "tenants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"wrapped_key" "bytea" NOT NULL,
	"key_version" integer DEFAULT 1 NOT NULL,
	"master_key_id" text NOT NULL
);

CREATE TABLE "user_devices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"active_tenant_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"clerk_user_id" text NOT NULL,
	"email" text,
	"name" text,
	"profile_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_clerk_user_id_unique" UNIQUE("clerk_user_id")
);

CREATE TABLE "webhook_events" (
	"provider" text NOT NULL,
	"id" text NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_events_provider_id_pk" PRIMARY KEY("provider","id")
);

ALTER TABLE "invitations" ADD CONSTRAINT "invitations_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "tenant_counters" ADD CONSTRAINT "tenant_counters_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "user_devices" ADD CONSTRAINT "user_devices_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;
CREATE INDEX "audit_logs_at" ON "audit_logs" USING btree ("tenant_id","at");
CREATE INDEX "audit_logs_record" ON "audit_logs" USING btree ("tenant_id","entity","record_id","seq");
CREATE UNIQUE INDEX "conflict_logs_writes" ON "conflict_logs" USING btree ("tenant_id","entity","record_id","key","winner_id","loser_id");
CREATE INDEX "conflict_logs_seq" ON "conflict_logs" USING btree ("tenant_id","seq");
CREATE UNIQUE INDEX "deliveries_once" ON "deliveries" USING btree ("tenant_id","invoice_id","invoice_version","channel");
CREATE UNIQUE INDEX "deliveries_request" ON "deliveries" USING btree ("tenant_id","request_key","invoice_id","channel");
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("next_at") WHERE "deliveries"."next_at" IS NOT NULL;
CREATE INDEX "deliveries_unshown" ON "deliveries" USING btree ("tenant_id","invoice_id") WHERE "deliveries"."shown_state" IS DISTINCT FROM replace("deliveries"."state", 'sending', 'queued');
CREATE INDEX "deliveries_id" ON "deliveries" USING btree ("id");
CREATE INDEX "deliveries_provider" ON "deliveries" USING btree ("provider_id");
CREATE INDEX "deliveries_recipient" ON "deliveries" USING btree ("tenant_id","recipient_hash","attempted_at");
CREATE INDEX "local_messages_created" ON "local_messages" USING btree ("tenant_id","created_at","id");
CREATE INDEX "devices_user" ON "devices" USING btree ("user_id","tenant_id");
CREATE INDEX "replicas_device" ON "replicas" USING btree ("tenant_id","device_id");
CREATE INDEX "attachments_owner_id" ON "attachments" USING btree ("tenant_id","owner_id") WHERE "attachments"."owner_id" is not null;
CREATE INDEX "clients_email_hash" ON "clients" USING btree ("tenant_id","email_hash") WHERE "clients"."email_hash" is not null;
CREATE INDEX "clients_phone_hash" ON "clients" USING btree ("tenant_id","phone_hash") WHERE "clients"."phone_hash" is not null;
CREATE INDEX "clients_whatsapp_hash" ON "clients" USING btree ("tenant_id","whatsapp_hash") WHERE "clients"."whatsapp_hash" is not null;
CREATE INDEX "employees_email_hash" ON "employees" USING btree ("tenant_id","email_hash") WHERE "employees"."email_hash" is not null;
CREATE INDEX "employees_phone_hash" ON "employees" USING btree ("tenant_id","phone_hash") WHERE "employees"."phone_hash" is not null;
CREATE INDEX "tasks_client_id" ON "tasks" USING btree ("tenant_id","client_id") WHERE "tasks"."client_id" is not null;
CREATE INDEX "tasks_team_id" ON "tasks" USING btree ("tenant_id","team_id") WHERE "tasks"."team_id" is not null;
CREATE UNIQUE INDEX "invitations_code" ON "invitations" USING btree ("tenant_id","code_hash");
CREATE INDEX "invitations_email" ON "invitations" USING btree ("tenant_id","email");
CREATE UNIQUE INDEX "memberships_id" ON "memberships" USING btree ("tenant_id","id");
CREATE UNIQUE INDEX "memberships_employee" ON "memberships" USING btree ("tenant_id","employee_id") WHERE "memberships"."status" = 'active';
CREATE INDEX "memberships_user" ON "memberships" USING btree ("user_id");
CREATE INDEX "push_results_created" ON "push_results" USING brin ("created_at");
CREATE UNIQUE INDEX "quarantined_changes_once" ON "quarantined_changes" USING btree ("tenant_id","device_id","fingerprint");
CREATE INDEX "quarantined_changes_arrived" ON "quarantined_changes" USING btree ("tenant_id","arrived_at","id");
CREATE INDEX "record_access_record" ON "record_access" USING btree ("tenant_id","entity","record_id");
CREATE INDEX "record_access_seq" ON "record_access" USING btree ("tenant_id","seq") WHERE "record_access"."seq" > 0;
CREATE UNIQUE INDEX "records_seq" ON "records" USING btree ("tenant_id","seq") WHERE "records"."seq" is not null;
CREATE UNIQUE INDEX "revoked_tokens_value" ON "revoked_tokens" USING btree ("claim","value");
CREATE INDEX "user_devices_user" ON "user_devices" USING btree ("user_id");

-- What drizzle cannot say: how sealed bytes are stored, and the rows that every database begins with.

-- Sealed bytes do not compress: spare the attempt.
ALTER TABLE "records" ALTER COLUMN "body" SET STORAGE EXTERNAL;
ALTER TABLE "conflict_logs" ALTER COLUMN "fields" SET STORAGE EXTERNAL;
ALTER TABLE "audit_logs" ALTER COLUMN "detail" SET STORAGE EXTERNAL;
-- Rows written over and over find room for the next version on their own page.
ALTER TABLE "records" SET (fillfactor = 90);
ALTER TABLE "tenant_counters" SET (fillfactor = 20);
INSERT INTO "database_epoch" DEFAULT VALUES;

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
GRANT USAGE ON SCHEMA public TO app, worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO worker;
-- The log is only added to, and the epoch is the operator's.
REVOKE UPDATE, DELETE ON audit_logs FROM app;
REVOKE INSERT, UPDATE, DELETE ON database_epoch FROM app;
-- Maintenance forgets old results of all tenants.
GRANT DELETE ON push_results TO worker;
-- Nodes that start ask whether the database is migrated. Absent where the tables did not come from migrations.
DO $$
BEGIN
  IF to_regclass('drizzle.__drizzle_migrations') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA drizzle TO app;
    GRANT SELECT ON drizzle.__drizzle_migrations TO app;
  END IF;
END $$;
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
SELECT protect_tenant_tables();

-- The outbox: protected like every table of a tenant. The worker takes what is due, whichever tenant's it is.
SELECT protect_tenant_tables();
GRANT UPDATE ON deliveries TO worker;

-- A record of usual size stays in its row: moved out in pieces, each write of it would be four.
ALTER TABLE "records" SET (toast_tuple_target = 8160);
