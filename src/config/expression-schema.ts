/** Texts of the worker's file that are expressions and templates. */
import { z } from 'zod';
import { ExpressionError, parseExpression, parseTemplate, type TemplateName } from '../lro/expressions';

export const text = z.string({ error: 'must be a text' }).min(1, 'must not be empty');

/** A schema of a text that `parse` reads. */
function parsed<T>(parse: (written: string) => T) {
  return text.transform((written, context): T => {
    try {
      return parse(written);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

export const expression = parsed(parseExpression);
export const template = (...names: TemplateName[]) => parsed((written) => parseTemplate(written, names));

/** One, or a list of which the first that is there counts. No union: zod tells nothing of what is wrong in its members. */
export function listOf<T extends z.ZodType>(schema: T) {
  const list = z.array(schema, { error: 'must be an expression or a template, or a list of them' }).min(1, 'must not be empty');
  return z.preprocess((value) => (value === undefined || Array.isArray(value) ? (value as unknown) : [value]), list);
}

export const urls = (...names: TemplateName[]) =>
  listOf(
    text
      .refine(
        (written) => /^(\$|\{|\/|https?:\/\/)/.test(written),
        'must be an expression, or begin with {base}, {statusUrl}, "/" or https://',
      )
      .pipe(template(...names)),
  );
