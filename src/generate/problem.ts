/** A specification that cannot be used, with what is wrong and what to do. */
export class SpecificationError extends Error {
  override readonly name = 'SpecificationError';
}
