/* flow-exporter: everything is in libflow-exporter, so that plugins and program share one copy of it. */
#include <flow-exporter/program.h>

int main(int argc, char **argv)
{
    return fx_program_main(argc, argv);
}
