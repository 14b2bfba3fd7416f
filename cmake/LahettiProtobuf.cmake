# add_protobuf_c(TARGET ROOT FILES…): compiles .proto files below ROOT to C with protobuf-c, into a library whose
# generated headers are system headers, so that our warnings stay ours. Nothing generated is committed.

find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_GEN_C protoc-gen-c REQUIRED)

function(add_protobuf_c target root)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/generated")
  set(sources)
  set(headers)
  set(inputs)
  foreach(file IN LISTS ARGN)
    string(REPLACE ".proto" ".pb-c" stem "${file}")
    list(APPEND sources "${out}/${stem}.c")
    list(APPEND headers "${out}/${stem}.h")
    list(APPEND inputs "${root}/${file}")
  endforeach()
  file(MAKE_DIRECTORY "${out}")
  add_custom_command(OUTPUT ${sources} ${headers}
    COMMAND "${PROTOC}" "--plugin=protoc-gen-c=${PROTOC_GEN_C}" "--c_out=${out}" -I "${root}" ${inputs}
    DEPENDS ${inputs} COMMENT "protoc: ${target}")
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUF_C)
  target_compile_options(${target} PRIVATE -w)
endfunction()
