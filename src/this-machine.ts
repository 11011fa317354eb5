/** Whether a URL's host name is this machine's own: what is sent there crosses no network. */
export function isThisMachine(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
