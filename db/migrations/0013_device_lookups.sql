DROP INDEX "devices_user";--> statement-breakpoint
CREATE INDEX "devices_user" ON "devices" USING btree ("user_id","tenant_id");