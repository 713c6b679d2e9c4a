import { keyPair } from "../../providers/machine/host-key";

/** A key pair as ssh2 makes one; its own ed25519 keys are now and then unreadable. */
export const newKey = (): { public: string; private: string } => {
    const { publicKey, privateKey } = keyPair("test", "ed25519");
    return { public: publicKey, private: privateKey };
};

/** Public keys of two hosts, the same at every run. */
export const hostKeys = {
    central: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJQ4nIBqXLQMygQ8NVYNo9NbfDjWP8+Ja2BQnsC5qNJf",
    compute: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII3MuMs7zV6DWJNZAoHrBWMClqA45XCgwsB8NN27G4/A",
} as const;
