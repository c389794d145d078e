ALTER TABLE "clients" ADD COLUMN "email_hash" "bytea";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "phone_hash" "bytea";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "whatsapp_hash" "bytea";--> statement-breakpoint
ALTER TABLE "employees" ADD COLUMN "email_hash" "bytea";--> statement-breakpoint
ALTER TABLE "employees" ADD COLUMN "phone_hash" "bytea";--> statement-breakpoint
CREATE INDEX "clients_email_hash" ON "clients" USING btree ("tenant_id","email_hash");--> statement-breakpoint
CREATE INDEX "clients_phone_hash" ON "clients" USING btree ("tenant_id","phone_hash");--> statement-breakpoint
CREATE INDEX "clients_whatsapp_hash" ON "clients" USING btree ("tenant_id","whatsapp_hash");--> statement-breakpoint
CREATE INDEX "employees_email_hash" ON "employees" USING btree ("tenant_id","email_hash");--> statement-breakpoint
CREATE INDEX "employees_phone_hash" ON "employees" USING btree ("tenant_id","phone_hash");