#include "http/routes/documentation.hpp"

#include "http/routes/openapi.hpp"

namespace cued::http {

const std::string& documentation::document() const {
  const std::lock_guard lock{mutex_};
  if (!document_)
    document_ = document_of(routes_, on_behalf_);
  return *document_;
}

const std::string& documentation::page() const {
  const std::lock_guard lock{mutex_};
  if (!page_)
    page_ = page_about(routes_, on_behalf_);
  return *page_;
}

} // namespace cued::http
