// Holds an OpenAPI document against the specification and good practice, and its examples against its schemas.
import {createConfig, lintFromString} from '@redocly/openapi-core';

/** One line per fault; none for a good document. */
export async function lintOpenApi(text: string): Promise<string[]> {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // Whether the server is alive may be asked by anybody, in any way.
      'operation-4xx-response': 'off',
      // An upgrade is answered 101.
      'operation-2xx-response': 'off',
      'no-invalid-media-type-examples': {severity: 'error', allowAdditionalProperties: false},
      'no-invalid-parameter-examples': 'error',
      'no-invalid-schema-examples': 'error',
      'operation-operationId-url-safe': 'error',
      'operation-tag-defined': 'error',
    },
  });
  const problems = await lintFromString({source: text, absoluteRef: 'backend-openapi.yaml', config});
  return problems.map(
    ({ruleId, message, location: [place]}) => `${place?.pointer ?? ''} ${ruleId}: ${message}`,
  );
}
