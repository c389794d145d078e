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
	"request_key" uuid,
	"created_by" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "deliveries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "deliveries_channel" CHECK ("deliveries"."channel" IN ('email', 'whatsapp', 'sms')),
	CONSTRAINT "deliveries_state" CHECK ("deliveries"."state" IN ('queued', 'sending', 'local', 'sent', 'delivered', 'read', 'failed', 'dead', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "local_messages" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"message" "bytea" NOT NULL,
	"document" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "local_messages_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_once" ON "deliveries" USING btree ("tenant_id","invoice_id","invoice_version","channel");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_request" ON "deliveries" USING btree ("tenant_id","request_key","invoice_id","channel");--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("next_at") WHERE "deliveries"."next_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "deliveries_id" ON "deliveries" USING btree ("id");--> statement-breakpoint
CREATE INDEX "deliveries_provider" ON "deliveries" USING btree ("provider_id");--> statement-breakpoint
CREATE INDEX "deliveries_recipient" ON "deliveries" USING btree ("tenant_id","recipient_hash","attempted_at");--> statement-breakpoint
CREATE INDEX "local_messages_created" ON "local_messages" USING btree ("tenant_id","created_at","id");