import { keyPair } from "../../providers/machine/host-key";

/** A key pair as ssh2 makes one; its own ed25519 keys are now and then unreadable. */
export const newKey = (): { public: string; private: string } => {
    const { publicKey, privateKey } = keyPair("test", "ed25519");
    return { public: publicKey, private: privateKey };
};
