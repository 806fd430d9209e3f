/** What a namespace of Temporal needs before operators can filter lists of operations. */
export { setUpNamespace, type SetupResult } from './setup';
export { findSearchAttributes, isUsable, SEARCH_ATTRIBUTE_TYPES, type SetupConnection } from './search-attributes';
