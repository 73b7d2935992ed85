/* trace.h - the commands under "reheap trace". */
#ifndef RH_CLI_TRACE_H
#define RH_CLI_TRACE_H

/* As struct rh_command's run. */
int rh_cli_trace(int argc, char **argv);

int rh_cli_trace_info(int argc, char **argv);
int rh_cli_trace_verify(int argc, char **argv);
int rh_cli_trace_dump(int argc, char **argv);
int rh_cli_trace_import(int argc, char **argv);
int rh_cli_trace_generate(int argc, char **argv);
int rh_cli_trace_cut(int argc, char **argv);
int rh_cli_trace_merge(int argc, char **argv);
int rh_cli_trace_scale(int argc, char **argv);
int rh_cli_trace_anonymise(int argc, char **argv);
int rh_cli_trace_sample(int argc, char **argv);
int rh_cli_trace_export(int argc, char **argv);

#endif
