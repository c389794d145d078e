// Read by drizzle-kit: `npm run migrate:generate` compares db/schema with db/migrations and writes the difference.
import {defineConfig} from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/*.ts',
  out: './db/migrations',
});
