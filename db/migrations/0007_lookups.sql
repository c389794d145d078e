DROP INDEX "attachments_owner_id";--> statement-breakpoint
DROP INDEX "clients_email_hash";--> statement-breakpoint
DROP INDEX "clients_phone_hash";--> statement-breakpoint
DROP INDEX "clients_whatsapp_hash";--> statement-breakpoint
DROP INDEX "employees_email_hash";--> statement-breakpoint
DROP INDEX "employees_phone_hash";--> statement-breakpoint
DROP INDEX "tasks_client_id";--> statement-breakpoint
DROP INDEX "tasks_team_id";--> statement-breakpoint
DROP INDEX "record_access_seq";--> statement-breakpoint
DROP INDEX "records_seq";--> statement-breakpoint
CREATE INDEX "attachments_owner_id" ON "attachments" USING btree ("tenant_id","owner_id") WHERE "attachments"."owner_id" is not null;--> statement-breakpoint
CREATE INDEX "clients_email_hash" ON "clients" USING btree ("tenant_id","email_hash") WHERE "clients"."email_hash" is not null;--> statement-breakpoint
CREATE INDEX "clients_phone_hash" ON "clients" USING btree ("tenant_id","phone_hash") WHERE "clients"."phone_hash" is not null;--> statement-breakpoint
CREATE INDEX "clients_whatsapp_hash" ON "clients" USING btree ("tenant_id","whatsapp_hash") WHERE "clients"."whatsapp_hash" is not null;--> statement-breakpoint
CREATE INDEX "employees_email_hash" ON "employees" USING btree ("tenant_id","email_hash") WHERE "employees"."email_hash" is not null;--> statement-breakpoint
CREATE INDEX "employees_phone_hash" ON "employees" USING btree ("tenant_id","phone_hash") WHERE "employees"."phone_hash" is not null;--> statement-breakpoint
CREATE INDEX "tasks_client_id" ON "tasks" USING btree ("tenant_id","client_id") WHERE "tasks"."client_id" is not null;--> statement-breakpoint
CREATE INDEX "tasks_team_id" ON "tasks" USING btree ("tenant_id","team_id") WHERE "tasks"."team_id" is not null;--> statement-breakpoint
CREATE INDEX "record_access_seq" ON "record_access" USING btree ("tenant_id","seq") WHERE "record_access"."seq" > 0;--> statement-breakpoint
CREATE UNIQUE INDEX "records_seq" ON "records" USING btree ("tenant_id","seq") WHERE "records"."seq" is not null;