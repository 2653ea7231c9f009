#pragma once

#include "http/routes/routes.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {

/// Fixture: Ada calls `/v1/executions*`; `path_` is that of execution 1. It is `now_` (execution_test).
class execution_routes_test : public execution_test {
protected:
  called_routes api_{http::execution_routes(), database_.options(), as_ada(), now_};
  const std::string path_ = "/v1/executions/" + execution_id(1);

  static std::string text(std::string_view unquoted) { return '"' + std::string{unquoted} + '"'; }

private:
  static principal as_ada() {
    principal caller;
    caller.user_id = ada;
    return caller;
  }
};

} // namespace cued::test
