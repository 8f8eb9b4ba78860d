/* The command `health` of the command line. */
#ifndef OUTPUT_PROMETHEUS_HEALTH_H
#define OUTPUT_PROMETHEUS_HEALTH_H

/*
 * Asks the program that runs with this configuration for /-/ready (argument "ready", or none) or /-/healthy ("alive"),
 * at the first address of the option listen. Prints the answer's text. Returns 0 if the answer is yes, 1 if it is no or
 * does not come within five seconds, 64 for wrong arguments. Main thread; self is the plugin's.
 */
int prom_health_run(void *self, int argc, const char *const *argv);

#endif
