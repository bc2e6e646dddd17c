/**
 * Validates an OpenAPI 3.1 document strictly, references included.
 * @returns what is wrong, a line each; nothing for a sound document.
 */
export async function openApiMistakes(document: object): Promise<string[]> {
  const { Validator } = await import('@seriousme/openapi-schema-validator');
  // the validator changes its argument
  const { valid, errors } = await new Validator().validate(structuredClone(document) as Record<string, unknown>);
  if (valid) return [];
  return [errors ?? 'is not OpenAPI']
    .flat()
    .map((error) => (typeof error === 'string' ? error : JSON.stringify(error)));
}
