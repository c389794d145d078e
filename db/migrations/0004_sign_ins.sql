CREATE TABLE "revoked_tokens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "revoked_tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"claim" text NOT NULL,
	"value" text NOT NULL,
	"revoked_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "profile_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "revoked_tokens_value" ON "revoked_tokens" USING btree ("claim","value");