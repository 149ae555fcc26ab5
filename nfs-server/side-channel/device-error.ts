/** Memory of side_channel.devices that cannot be used; the message says which, and why. */
export class DeviceError extends Error {}
