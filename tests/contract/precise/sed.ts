/** Takes a script of sed apart, as far as to find commands and flags that 4.2.1 does not have. */
class Script {
    private at = 0;
    private depth = 0;
    readonly wrong: string[] = [];

    constructor(private readonly text: string) {}

    private take(pattern: RegExp): string {
        const found = new RegExp(pattern.source, "y");
        found.lastIndex = this.at;
        const match = found.exec(this.text);
        if (!match) return "";
        this.at = found.lastIndex;
        return match[0];
    }

    /** A text up to a delimiter, in which a backslash hides the next character, and a class the delimiter where `pattern`. */
    private until(delimiter: string): void {
        while (this.at < this.text.length && this.text[this.at] !== delimiter)
            this.at += this.text[this.at] === "\\" ? 2 : 1;
        if (this.at >= this.text.length) this.wrong.push(`end of what begins with ${delimiter}`);
        this.at++;
    }

    private address(): boolean {
        if (this.take(/\d+(~\d+)?|\$/) !== "") return true;
        if (this.take(/\//) !== "") this.until("/");
        else if (this.take(/\\/) !== "") this.until(this.text[this.at++]!);
        else return false;
        this.take(/[IM]*/);
        return true;
    }

    private addresses(): void {
        if (!this.address() || this.take(/\s*,\s*/) === "") return;
        if (this.take(/[+~]\d+/) === "" && !this.address()) this.wrong.push("address after the comma");
    }

    private command(): void {
        const name = this.text[this.at++]!;
        if (name === "{") this.depth++;
        else if (name === "}") this.depth--;
        else if (name === "s" || name === "y") this.substitution(name);
        else if ("aic".includes(name)) this.take(/[^]*?(?<!\\)(\n|$)/);
        else if ("btT:rRwW".includes(name)) this.take(/[^;\n]*/);
        else if ("lLqQ".includes(name)) this.take(/\s*\d*/);
        else if (!"=dDeFgGhHnNpPxz".includes(name)) this.wrong.push(`command ${name}`);
    }

    private substitution(name: string): void {
        const delimiter = this.text[this.at++]!;
        this.until(delimiter);
        this.until(delimiter);
        if (name === "y") return;
        const flags = this.take(/[A-Za-z\d]*/);
        if (!/^([gpiImMe]|\d+)*(w.*)?$/.test(flags)) this.wrong.push(`flags ${flags}`);
    }

    read(): string[] {
        for (;;) {
            this.take(/[\s;]*/);
            if (this.at >= this.text.length) break;
            if (this.take(/#.*/) !== "") continue;
            this.addresses();
            this.take(/\s*!?\s*/);
            if (this.at < this.text.length && this.wrong.length === 0) this.command();
            if (this.wrong.length > 0) return this.wrong;
        }
        return this.depth === 0 ? [] : ["end of {"];
    }
}

/** What a script of sed has that sed 4.2.1 has not. */
export const sedMistakes = (script: string): string[] => new Script(script).read();
