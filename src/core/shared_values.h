#pragma once
// Values that are made once for all that want them at the same time, and live until the last of these lets go.
//
//   SharedValues<Table> tables;
//   const std::shared_ptr<const Table> one = tables.get("a", [] { return make_table(); });
//   const std::shared_ptr<const Table> same = tables.get("a", [] { return make_table(); });   // is not called
//
// Thread-safety: may be used by several threads at once.
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace limbeck {

template <class Value>
class SharedValues {
 public:
  /// Returns the value of this key, made by `make` if nobody holds it. Others that want it wait meanwhile, so `make`
  /// must not wait for them. If it throws, the next one makes it.
  std::shared_ptr<const Value> get(const std::string& key, const std::function<Value()>& make) {
    const std::shared_ptr<Entry> entry = entry_of(key);
    const std::lock_guard lock(entry->making);
    std::shared_ptr<const Value> value = entry->value.lock();
    if (value == nullptr) {
      value = std::make_shared<const Value>(make());
      entry->value = value;
    }
    return value;
  }

 private:
  struct Entry {
    std::mutex making;
    std::weak_ptr<const Value> value;
  };

  std::shared_ptr<Entry> entry_of(const std::string& key) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const auto& entry) {
      if (entry.second.use_count() > 1) return false;  // somebody asks for it
      const std::lock_guard last(entry.second->making);
      return entry.second->value.expired();
    });
    std::shared_ptr<Entry>& entry = entries_[key];
    if (entry == nullptr) entry = std::make_shared<Entry>();
    return entry;
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace limbeck
