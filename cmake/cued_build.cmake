set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(CUED_WERROR "Warnings are errors" ON)
option(CUED_FUZZ "Build the fuzz targets instead of everything else; needs clang" OFF)
set(CUED_SANITIZE "" CACHE STRING "Value of -fsanitize=, e.g. address,undefined or thread")

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -fno-omit-frame-pointer)
# g++ 12 sees out-of-bounds copies in its own std::string as soon as it inlines (GCC bugs 105329, 105651), and takes
# the operator delete of Asio's coroutine frames for the wrong one.
add_compile_options($<$<NOT:$<CONFIG:Debug>>:-Wno-array-bounds> $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>
                    $<$<NOT:$<CONFIG:Debug>>:-Wno-stringop-overflow> $<$<NOT:$<CONFIG:Debug>>:-Wno-stringop-overread>
                    $<$<NOT:$<CONFIG:Debug>>:-Wno-mismatched-new-delete>)
if(CUED_WERROR)
  add_compile_options(-Werror)
endif()
if(CUED_SANITIZE)
  add_compile_options(-fsanitize=${CUED_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CUED_SANITIZE})
  if(CUED_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan) # Asio uses fences, which g++ 12 cannot follow and warns about
  endif()
  if(NOT CUED_FUZZ) # libFuzzer has options of its own
    # Options and suppressions are part of every program, so that they hold however it is started.
    set(suppressions ${CMAKE_SOURCE_DIR}/tests/sanitizers)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${suppressions}/thread.supp ${suppressions}/leak.supp)
    file(READ ${suppressions}/thread.supp CUED_THREAD_SUPPRESSIONS)
    file(READ ${suppressions}/leak.supp CUED_LEAK_SUPPRESSIONS)
    configure_file(${suppressions}/defaults.cpp.in sanitizer_defaults.cpp @ONLY)
    add_library(sanitizer_defaults OBJECT ${CMAKE_BINARY_DIR}/sanitizer_defaults.cpp)
    target_compile_options(sanitizer_defaults PRIVATE -fno-sanitize=all)
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers and ccache agree only with these two liberties (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
