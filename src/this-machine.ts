/** Whether the host name of a URL is the loopback address, so that requests to it cross no network. */
export function isThisMachine(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
