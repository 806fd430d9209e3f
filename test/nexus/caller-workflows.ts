/** Workflows of another team, in another namespace: all they know of this project is its Nexus service. */
import { createNexusServiceClient, type StartNexusOperationOptions } from '@temporalio/workflow';
import { lroService } from '../../src/nexus';

export interface Call {
  endpoint: string;
  operation: keyof typeof lroService.operations;
  request: unknown;
  options?: Partial<StartNexusOperationOptions>;
}

/** Makes one call and returns its result. Cancelled, it cancels the call. */
export async function call({ endpoint, operation, request, options }: Call): Promise<unknown> {
  const client = createNexusServiceClient({ endpoint, service: lroService });
  return client.executeOperation(operation, request as never, options);
}
