export const serviceNames = ['families', 'enrollment', 'notifications'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Two of every API, so that balancing, shared sessions, and rolling restarts show on a laptop too. */
export const apiInstances = [1, 2] as const;

export const apiNames = (service: ServiceName): string[] => apiInstances.map((instance) => `${service}-${instance}`);

export const workerName = (service: ServiceName): string => `${service}-worker`;
