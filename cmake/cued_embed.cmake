# cued_embed_sql(<target> <folder>)
#   Compiles every <folder>/*.sql into <target>, as persistence::migrations() (persistence/postgres/migrations.hpp).
#   The program then needs no files beside it, and cannot be paired with another version's.
function(cued_embed_sql target folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.sql)
  list(SORT sources)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${target}_migrations.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DSOURCES=${sources}" -DOUTPUT=${output} -P ${CMAKE_SOURCE_DIR}/cmake/embed_sql_script.cmake
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/cmake/embed_sql_script.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
