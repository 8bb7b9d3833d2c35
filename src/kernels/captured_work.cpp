#include "kernels/captured_work.h"

#include <c10/util/Exception.h>

#include "core/error.h"
#include "kernels/device_turns.h"

namespace limbeck {

std::string reason_of(const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  return of_torch != nullptr ? of_torch->what_without_backtrace() : error.what();
}

Recorder until_failure(Recorder recorder, std::function<void(const std::string& reason)> tell) {
  if (!recorder) return {};
  return [recorder = std::move(recorder), tell = std::move(tell),
          failed = std::make_shared<bool>(false)](const std::function<void()>& work) {
    if (*failed) throw Error("an earlier recording failed");
    try {
      return recorder(work);
    } catch (const std::exception& error) {
      *failed = true;
      tell(reason_of(error));
      throw;
    }
  };
}

void CapturedWork::operator()() {
  if (recorder_ && has_run_ && recording_ == nullptr) {
    try {
      const DeviceAlone alone;
      recording_ = recorder_(work_);
    } catch (const std::exception&) {  // the recorder has told
      recorder_ = nullptr;
    }
  }
  if (recording_ != nullptr)
    recording_->replay();
  else
    work_();
  has_run_ = true;
}

}  // namespace limbeck
