import { program } from "./components/team-cloud";

export = program;
