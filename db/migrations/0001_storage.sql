-- What drizzle cannot say: how sealed bytes are stored, and the rows that every database begins with.

-- Sealed bytes do not compress: spare the attempt.
ALTER TABLE "records" ALTER COLUMN "body" SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE "conflict_logs" ALTER COLUMN "fields" SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE "audit_logs" ALTER COLUMN "detail" SET STORAGE EXTERNAL;
--> statement-breakpoint
-- Rows written over and over find room for the next version on their own page.
ALTER TABLE "records" SET (fillfactor = 90);
--> statement-breakpoint
ALTER TABLE "tenant_counters" SET (fillfactor = 20);
--> statement-breakpoint
INSERT INTO "database_epoch" DEFAULT VALUES;
