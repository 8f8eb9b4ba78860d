dnl FX_MISSING(WHAT, DEBIAN, FEDORA): notes what is missing and its packages. The checks continue.
AC_DEFUN([FX_MISSING], [
  fx_missing="$fx_missing${fx_missing:+, }$1"
  AS_CASE([" $fx_debian "], [*" $2 "*], [], [fx_debian="$fx_debian $2"; fx_fedora="$fx_fedora $3"])
])

dnl One module of pkg-config: [[NAME >= VERSION], DEBIAN, FEDORA].
m4_define([_FX_MODULE], [
  AC_MSG_CHECKING([for $1])
  PKG_CHECK_EXISTS([$1], [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no]); FX_MISSING([$1], [$2], [$3])])
])
m4_define([_FX_EACH_MODULE], [m4_foreach([fx_module], [$@], [_FX_MODULE(fx_module)])])
m4_define([_FX_SPEC], [$1])
m4_define([_FX_SPECS], [m4_foreach([fx_module], [$@], [_FX_SPEC(fx_module) ])])

dnl FX_MODULES(VARIABLE, MODULE...): puts the flags into VARIABLE_CFLAGS and VARIABLE_LIBS, or notes what is missing.
AC_DEFUN([FX_MODULES], [
  AS_IF([test "x$$1_LIBS" = x], [_FX_EACH_MODULE(m4_shift($@))])
  PKG_CHECK_MODULES([$1], m4_dquote(_FX_SPECS(m4_shift($@))), [], [:])
])

dnl If anything is missing, configure ends here, with one line for each distribution.
AC_DEFUN([FX_NOTHING_MISSING], [
  AS_IF([test "x$fx_missing" != x], [AC_MSG_ERROR([these are missing: $fx_missing
  Debian, Ubuntu: sudo apt install$fx_debian
  Fedora:         sudo dnf install$fx_fedora
A plugin and its libraries can be left out by --without-NAME: see ./configure --help.])])
])

dnl FX_PLUGIN_SWITCH(NAME, [VARIABLE, MODULE...]): adds --without-NAME. Otherwise the plugin's libraries must be there.
AC_DEFUN([FX_PLUGIN_SWITCH], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [do not build the plugin $1])], [], [AS_TR_SH([with_$1])=yes])
  AM_CONDITIONAL(AS_TR_CPP([WITH_$1]), [test "x$AS_TR_SH([with_$1])" != xno])
  AS_IF([test "x$AS_TR_SH([with_$1])" != xno], [
    fx_plugins="$fx_plugins $1"
    m4_ifval([$2], [FX_MODULES(m4_shift($@))])
  ])
])

dnl librdkafka's ABI promise does not cover its mock cluster, so the demo's broker is built only where it exists.
AC_DEFUN([FX_CHECK_MOCK_CLUSTER], [
  have_mock_cluster=no
  AS_IF([test "x$with_input_kafka" != xno], [
    fx_save_LIBS=$LIBS; LIBS="$RDKAFKA_LIBS $LIBS"
    AC_CHECK_FUNC([rd_kafka_mock_cluster_new],
      [AC_CHECK_HEADER([librdkafka/rdkafka_mock.h], [have_mock_cluster=yes], [], [#include <librdkafka/rdkafka.h>])])
    LIBS=$fx_save_LIBS
  ])
  AM_CONDITIONAL([HAVE_MOCK_CLUSTER], [test "$have_mock_cluster" = yes])
])

dnl FX_TRY_CFLAG(VARIABLE, FLAG): adds the flag if the compiler takes it.
AC_DEFUN([FX_TRY_CFLAG], [
  AC_MSG_CHECKING([whether $CC takes $2])
  fx_save_CFLAGS=$CFLAGS; CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [$1="$$1 $2"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
  CFLAGS=$fx_save_CFLAGS
])
AC_DEFUN([FX_TRY_LDFLAG], [
  AC_MSG_CHECKING([whether the linker takes $2])
  fx_save_LDFLAGS=$LDFLAGS; LDFLAGS="$LDFLAGS $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [$1="$$1 $2"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
  LDFLAGS=$fx_save_LDFLAGS
])

AC_DEFUN([FX_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors])], [], [enable_werror=no])
  m4_foreach_w([fx_flag], [-Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wwrite-strings -Wundef], [FX_TRY_CFLAG([WARN_CFLAGS], fx_flag)])
  AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])

AC_DEFUN([FX_HARDENING], [
  m4_foreach_w([fx_flag], [-std=gnu11 -fvisibility=hidden -fstack-protector-strong -fstack-clash-protection],
    [FX_TRY_CFLAG([HARDEN_CFLAGS], fx_flag)])
  AS_IF([test "x$with_sanitizer" = x || test "x$with_sanitizer" = xno],
    [HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
  FX_TRY_LDFLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
  FX_TRY_LDFLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_CPPFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
])

AC_DEFUN([FX_SANITIZER], [
  AC_ARG_WITH([sanitizer], [AS_HELP_STRING([--with-sanitizer=LIST],
    [build with sanitizers: address,undefined or thread])], [], [with_sanitizer=no])
  AS_IF([test "x$with_sanitizer" != xno], [
    SANITIZER_FLAGS="-fsanitize=$with_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer"
    HARDEN_CPPFLAGS=-DFXI_SANITIZED
  ])
  AC_SUBST([SANITIZER_FLAGS])
  dnl With a sanitizer, a library or plugin has undefined symbols of the sanitizer's run time.
  AM_CONDITIONAL([SANITIZED], [test "x$with_sanitizer" != xno])
])

AC_DEFUN([FX_FUZZERS], [
  AC_ARG_ENABLE([fuzzers], [AS_HELP_STRING([--enable-fuzzers], [build the libFuzzer programs (needs CC=clang)])],
    [], [enable_fuzzers=no])
  AS_IF([test "$enable_fuzzers" = yes], [
    fx_save_CFLAGS=$CFLAGS; CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
      [AC_MSG_ERROR([--enable-fuzzers needs clang with libFuzzer: configure with CC=clang])])
    CFLAGS=$fx_save_CFLAGS
    FUZZER_CFLAGS="-fsanitize=fuzzer-no-link"
    FUZZER_LDFLAGS="-fsanitize=fuzzer"
  ])
  AM_CONDITIONAL([FUZZERS], [test "$enable_fuzzers" = yes])
  AC_SUBST([FUZZER_CFLAGS])
  AC_SUBST([FUZZER_LDFLAGS])
])

AC_DEFUN([FX_COVERAGE], [
  AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [build for gcov])], [], [enable_coverage=no])
  AS_IF([test "$enable_coverage" = yes], [COVERAGE_FLAGS="--coverage"])
  AC_SUBST([COVERAGE_FLAGS])
])

dnl Places where a test makes the program end. For tests only.
AC_DEFUN([FX_FAILPOINTS], [
  AC_ARG_ENABLE([failpoints], [AS_HELP_STRING([--enable-failpoints],
    [places where tests let the program end, chosen by FLOW_EXPORTER_FAILPOINT; for tests only])],
    [], [enable_failpoints=no])
  AS_IF([test "$enable_failpoints" = yes], [FAILPOINT_CPPFLAGS=-DFXI_FAILPOINTS])
  AC_SUBST([FAILPOINT_CPPFLAGS])
])
