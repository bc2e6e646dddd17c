export function isInstalled(checkout: string): boolean;
