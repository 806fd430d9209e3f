/** Activities of a program that embeds the worker. */
export interface HostActivities {
  noted(resourceId: string): Promise<string>;
}

export const hostActivities: HostActivities = {
  noted: (resourceId) => Promise.resolve(`noted ${resourceId}`),
};
