ALTER TABLE "deliveries" ADD COLUMN "shown_state" text;--> statement-breakpoint
ALTER TABLE "finance_entries" ADD COLUMN "deliveries" jsonb;--> statement-breakpoint
CREATE INDEX "deliveries_unshown" ON "deliveries" USING btree ("tenant_id","invoice_id") WHERE "deliveries"."shown_state" IS DISTINCT FROM replace("deliveries"."state", 'sending', 'queued');