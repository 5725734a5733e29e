# SPDX-License-Identifier: Apache-2.0
#
# Tests for compiler and linker flags, and for libraries.  Every flag is tried
# with -Werror, since compilers only warn about flags that they ignore.

# ZS_TRY_FLAG(VARIABLE, FLAG, CFLAGS-VAR, PROGRAM, [required], [IF-NOT], LINK)
m4_define([ZS_TRY_FLAG], [
	zs_saved_cflags=$CFLAGS
	zs_saved=$[]$3
	$3="$[]$3 $2"
	CFLAGS="$CFLAGS -Werror"
	AC_MSG_CHECKING([for $2])
	$7([$4], [zs_have=yes], [zs_have=no])
	AC_MSG_RESULT([$zs_have])
	$3=$zs_saved
	CFLAGS=$zs_saved_cflags
	AS_IF([test "$zs_have" = yes], [AS_VAR_APPEND([$1], [" $2"])],
		[m4_if([$5], [required],
			[AC_MSG_ERROR([the compiler does not know $2])], [$6
			:])])
])

# ZS_CC_FLAG(VARIABLE, FLAG, [required], [IF-NOT])
AC_DEFUN([ZS_CC_FLAG], [ZS_TRY_FLAG([$1], [$2], [CFLAGS],
	[AC_LANG_PROGRAM([], [])], [$3], [$4], [AC_COMPILE_IFELSE])])

# ZS_CPP_FLAG(VARIABLE, FLAG): tried with a libc header, which may object.
AC_DEFUN([ZS_CPP_FLAG], [ZS_TRY_FLAG([$1], [$2], [CPPFLAGS],
	[AC_LANG_PROGRAM([[#include <stdio.h>]], [])], [], [], [AC_COMPILE_IFELSE])])

# ZS_LD_FLAG(VARIABLE, FLAG)
AC_DEFUN([ZS_LD_FLAG], [ZS_TRY_FLAG([$1], [$2], [LDFLAGS],
	[AC_LANG_PROGRAM([], [])], [], [], [AC_LINK_IFELSE])])

# ZS_SANITIZE_FLAG(FLAG): for compiling and linking, and must be there.
AC_DEFUN([ZS_SANITIZE_FLAG], [
	zs_ldflags_before=$ZS_LDFLAGS
	ZS_LD_FLAG([ZS_LDFLAGS], [$1])
	AS_IF([test "$ZS_LDFLAGS" = "$zs_ldflags_before"],
		[AC_MSG_ERROR([--enable-devel needs $1, which $CC cannot link (for clang: apt-get install libclang-rt-14-dev, or run scripts/setup)])])
	ZS_CC_FLAG([ZS_CFLAGS], [$1], [required])
])

# ZS_PKG(VARIABLE, MODULE, DEBIAN-PACKAGE): <VARIABLE>_CFLAGS and _LIBS, or a
# message that says what to install.
AC_DEFUN([ZS_PKG], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([$2 not found: apt-get install $3 (or run scripts/setup)])])
])
