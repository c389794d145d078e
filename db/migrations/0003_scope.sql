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
--> statement-breakpoint
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
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"provider" text NOT NULL,
	"id" text NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_events_provider_id_pk" PRIMARY KEY("provider","id")
);
--> statement-breakpoint
ALTER TABLE "invitations" ADD COLUMN "clerk_invitation_id" text;--> statement-breakpoint
ALTER TABLE "tenant_counters" ADD COLUMN "scope_version" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "quarantined_changes_once" ON "quarantined_changes" USING btree ("tenant_id","device_id","fingerprint");--> statement-breakpoint
CREATE INDEX "quarantined_changes_arrived" ON "quarantined_changes" USING btree ("tenant_id","arrived_at","id");--> statement-breakpoint
CREATE INDEX "record_access_record" ON "record_access" USING btree ("tenant_id","entity","record_id");--> statement-breakpoint
CREATE INDEX "record_access_seq" ON "record_access" USING btree ("tenant_id","seq");--> statement-breakpoint
CREATE INDEX "attachments_owner_id" ON "attachments" USING btree ("tenant_id","owner_id");--> statement-breakpoint
CREATE INDEX "tasks_client_id" ON "tasks" USING btree ("tenant_id","client_id");--> statement-breakpoint
CREATE INDEX "tasks_team_id" ON "tasks" USING btree ("tenant_id","team_id");